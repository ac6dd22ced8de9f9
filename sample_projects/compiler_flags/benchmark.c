/* Six small programs in one: what the flags are judged by.
 *
 *     benchmark SEED        prints `name value` for each; the values depend on the seed only
 *
 * The work is the same for every seed, the data are not, so that nothing can be folded away at
 * compile time. `picture`, `hash`, `sort` and `machine` are integers and must come out exactly; `bodies` and
 * `matrix` are floating-point and may differ in their last digits.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static uint32_t next(void) {  /* xorshift64*: the same numbers on every machine */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 2685821657736338717ull) >> 32);
}

static double next_share(void) { return next() / 4294967296.0; }

/* A matrix product: three loops over floats, what vectorisers are made for. */
enum { SIDE = 384 };
static float left[SIDE][SIDE], right[SIDE][SIDE], product[SIDE][SIDE];

static double matrix(void) {
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            left[i][j] = (float)next_share();
            right[i][j] = (float)next_share();
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            float sum = 0;
            for (int k = 0; k < SIDE; k++) sum += left[i][k] * right[j][k];
            product[i][j] = sum;
        }
    double total = 0;
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) total += product[i][j];
    return total;
}

/* Bodies that attract each other: square roots and divisions. */
enum { BODIES = 160, STEPS = 120 };
static double px[BODIES], py[BODIES], pz[BODIES], vx[BODIES], vy[BODIES], vz[BODIES], mass[BODIES];

static double bodies(void) {
    for (int i = 0; i < BODIES; i++) {
        px[i] = next_share(), py[i] = next_share(), pz[i] = next_share();
        vx[i] = vy[i] = vz[i] = 0;
        mass[i] = next_share();
    }
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < BODIES; i++) {
            double ax = 0, ay = 0, az = 0;
            for (int j = 0; j < BODIES; j++) {
                double dx = px[j] - px[i], dy = py[j] - py[i], dz = pz[j] - pz[i];
                double square = dx * dx + dy * dy + dz * dz + 0.01;
                double pull = mass[j] / (square * sqrt(square));
                ax += dx * pull, ay += dy * pull, az += dz * pull;
            }
            vx[i] += ax * 1e-4, vy[i] += ay * 1e-4, vz[i] += az * 1e-4;
        }
        for (int i = 0; i < BODIES; i++)
            px[i] += vx[i] * 1e-4, py[i] += vy[i] * 1e-4, pz[i] += vz[i] * 1e-4;
    }
    double energy = 0;
    for (int i = 0; i < BODIES; i++)
        energy += mass[i] * (vx[i] * vx[i] + vy[i] * vy[i] + vz[i] * vz[i]);
    return energy;
}

/* A grey picture smoothed again and again: bytes, and a minimum that is no branch if all is well. */
enum { WIDTH = 512, HEIGHT = 320, PASSES = 24 };
static uint8_t picture[2][HEIGHT][WIDTH];

static uint64_t smooth(void) {
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) picture[0][y][x] = picture[1][y][x] = next() & 0xff;
    for (int pass = 0; pass < PASSES; pass++) {
        uint8_t (*from)[WIDTH] = picture[pass & 1], (*to)[WIDTH] = picture[~pass & 1];
        for (int y = 1; y < HEIGHT - 1; y++)
            for (int x = 1; x < WIDTH - 1; x++) {
                int sum = 4 * from[y][x] + from[y - 1][x] + from[y + 1][x];
                sum += from[y][x - 1] + from[y][x + 1];
                int light = (sum + (pass & 3)) >> 3;
                to[y][x] = light > 250 ? 250 : light;
            }
    }
    uint64_t total = 0;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) total = total * 31 + picture[0][y][x];
    return total;
}

/* Words counted in a hash table: loads that miss, branches that are hard to guess. */
enum { WORDS = 120000, SLOTS = 1 << 16 };
static uint32_t keys[SLOTS], counts[SLOTS];

static uint64_t hash(void) {
    memset(keys, 0, sizeof keys);
    memset(counts, 0, sizeof counts);
    for (int i = 0; i < WORDS; i++) {
        uint32_t a = next() & 0xffff, word = ((a * a) >> 15 | 1) & 0x7fff;
        uint32_t h = 2166136261u;
        for (int byte = 0; byte < 4; byte++) h = (h ^ (word >> 8 * byte & 0xff)) * 16777619u;
        uint32_t slot = h & (SLOTS - 1);
        while (keys[slot] && keys[slot] != word) slot = (slot + 1) & (SLOTS - 1);
        keys[slot] = word;
        counts[slot]++;
    }
    uint64_t total = 0;
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        total += (uint64_t)keys[slot] * counts[slot] * counts[slot];
    return total;
}

/* A sort with its comparison called through a pointer. */
enum { ITEMS = 40000 };
static uint32_t items[ITEMS];

static int by_low_bits(uint32_t a, uint32_t b) {
    uint32_t x = a & 0xffffff, y = b & 0xffffff;
    return x < y ? -1 : x > y ? 1 : a < b ? -1 : a > b;
}

static void quicksort(uint32_t *from, int n, int (*compare)(uint32_t, uint32_t)) {
    while (n > 12) {
        uint32_t pivot = from[n / 2];
        int i = 0, j = n - 1;
        while (i <= j) {
            while (compare(from[i], pivot) < 0) i++;
            while (compare(from[j], pivot) > 0) j--;
            if (i <= j) {
                uint32_t swap = from[i];
                from[i++] = from[j];
                from[j--] = swap;
            }
        }
        quicksort(from, j + 1, compare);
        from += i;
        n -= i;
    }
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && compare(from[j - 1], from[j]) > 0; j--) {
            uint32_t swap = from[j];
            from[j] = from[j - 1];
            from[j - 1] = swap;
        }
}

static uint64_t sort(void) {
    for (int i = 0; i < ITEMS; i++) items[i] = next();
    quicksort(items, ITEMS, by_low_bits);
    uint64_t total = 0;
    for (int i = 0; i < ITEMS; i++) total = total * 31 + items[i];
    return total;
}

/* An interpreter: one switch in a loop, the branch that everything waits for. */
enum { PROGRAM = 256, TICKS = 1200000 };
static uint8_t program[PROGRAM];

static uint64_t machine(void) {
    for (int i = 0; i < PROGRAM; i++) program[i] = next() & 0xff;
    uint32_t a = next(), b = next(), at = 0;
    for (int tick = 0; tick < TICKS; tick++) {
        uint8_t code = program[at];
        at = (at + 1) & (PROGRAM - 1);
        switch (code & 7) {
        case 0: a += b; break;
        case 1: b ^= a >> 3; break;
        case 2: a = a * 5 + code; break;
        case 3: b += a & 0xff; break;
        case 4: a ^= b << 7; break;
        case 5: b = b * 9 + 1; break;
        case 6: if (a & 1) at = (at + (code >> 3)) & (PROGRAM - 1); break;
        case 7: a -= b >> 5; break;
        }
    }
    return (uint64_t)a << 32 | b;
}

int main(int argc, char **argv) {
    state = (argc > 1 ? strtoull(argv[1], NULL, 10) : 1) * 88172645463325252ull + 1;
    printf("matrix %.9e\n", matrix());
    printf("bodies %.9e\n", bodies());
    printf("picture %llu\n", (unsigned long long)smooth());
    printf("hash %llu\n", (unsigned long long)hash());
    printf("sort %llu\n", (unsigned long long)sort());
    printf("machine %llu\n", (unsigned long long)machine());
    return 0;
}
