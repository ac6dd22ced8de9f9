"""The data: an invented wholesaler, filled in by the engine itself, the same for the same seed."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, country TEXT NOT NULL);
CREATE TABLE products (id INTEGER PRIMARY KEY, category INTEGER NOT NULL, cents INTEGER NOT NULL);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, day INTEGER NOT NULL, status TEXT NOT NULL
);
CREATE TABLE items (
    order_id INTEGER NOT NULL, product_id INTEGER NOT NULL, quantity INTEGER NOT NULL
);
"""
TABLES = ("customers", "products", "orders", "items")
PER_CUSTOMER, PRODUCTS = 400, 2_000
_PRIME = 2_147_483_647


def fill(seed: int, orders: int) -> list[str]:
    """Statements that fill the tables with a year of `orders` orders, three items each on average.

    Plain integer arithmetic, so that every engine draws the same shop.
    """
    customers = max(orders // PER_CUSTOMER, 1)

    def below(number: int, of: str, column: int) -> str:
        """A number below `number`, for the row `of`: two quadratic rounds, each modulo a prime."""
        salt = (seed * (12_345 + 7 * column) + 7_919 * column) % _PRIME
        one = f"((CAST({of} AS BIGINT) * {1_103_515_245 + 2 * column} + {salt}) % {_PRIME})"
        two = f"(({one} * {one} + {48_271 + column}) % {_PRIME})"
        return f"CAST((({two} * {69_621 + 2 * column} + {one}) % {_PRIME}) % {number} AS INTEGER)"

    def rows(count: int) -> str:
        return f"generate_series(1, {count}) AS t(i)"

    item = "(o.id * 8 + k)"
    country = "CASE WHEN x < 45 THEN 'DE' WHEN x < 70 THEN 'FR' WHEN x < 88 THEN 'ES' ELSE 'PT' END"
    status = "CASE WHEN x < 880 THEN 'paid' WHEN x < 997 THEN 'open' ELSE 'returned' END"
    return [
        f"""INSERT INTO customers SELECT i, {country}
            FROM (SELECT i, {below(100, "i", 1)} AS x FROM {rows(customers)}) drawn""",
        f"""INSERT INTO products SELECT i, {below(25, "i", 2)}, 100 + {below(9_900, "i", 3)}
            FROM {rows(PRODUCTS)}""",
        f"""INSERT INTO orders
            SELECT i, 1 + {below(customers, "i", 4)}, 1 + {below(365, "i", 5)}, {status}
            FROM (SELECT i, {below(1_000, "i", 6)} AS x FROM {rows(orders)}) drawn""",
        f"""INSERT INTO items SELECT o.id, 1 + {below(PRODUCTS, item, 7)}, 1 + {below(4, item, 8)}
            FROM orders o CROSS JOIN generate_series(0, 4) AS g(k)
            WHERE k <= {below(5, "o.id", 9)}""",
    ]
