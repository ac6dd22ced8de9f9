"""The data: a shop of invented customers, orders and items, the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

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
INDEXES = """
CREATE INDEX customers_country ON customers (country);
CREATE INDEX products_category ON products (category);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX orders_status ON orders (status);
CREATE INDEX orders_day ON orders (day);
CREATE INDEX items_order ON items (order_id);
CREATE INDEX items_product ON items (product_id);
"""

Rows = list[tuple[int | str, ...]]


@dataclass(frozen=True)
class Shop:
    """Every table's rows, by name, in the order of `SCHEMA`."""

    tables: dict[str, Rows]


def shop(seed: int, orders: int) -> Shop:
    """A year of `orders` orders by a twentieth as many customers, three items each on average."""
    rng = random.Random(seed)
    customers = max(orders // 20, 1)
    products = 500

    def below(n: int, times: int) -> list[int]:
        return [int(n * rng.random()) for _ in range(times)]

    countries = rng.choices(("DE", "FR", "ES", "PT"), (45, 25, 18, 12), k=customers)
    buyers = below(customers, orders)
    days = below(365, orders)
    statuses = rng.choices(("paid", "open", "returned"), (88, 9, 3), k=orders)
    sizes = below(5, orders)
    wanted = iter(below(products, 5 * orders))
    amounts = iter(below(4, 5 * orders))
    return Shop(
        {
            "customers": [(i + 1, country) for i, country in enumerate(countries)],
            "products": [
                (i + 1, rng.randrange(25), rng.randrange(100, 10_000)) for i in range(products)
            ],
            "orders": [
                (i + 1, buyer + 1, day + 1, status)
                for i, (buyer, day, status) in enumerate(zip(buyers, days, statuses, strict=True))
            ],
            "items": [
                (i + 1, next(wanted) + 1, next(amounts) + 1)
                for i, size in enumerate(sizes)
                for _ in range(size + 1)
            ],
        }
    )
