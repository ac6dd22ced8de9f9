-- What comes again: orders that the same customer follows up within two days, by category of what
-- was bought: orders, customers, revenue in cents, and how many orders were followed up in all. Only
-- of customers who never sent one back.
WITH
paid AS (
    SELECT o.id, o.customer_id, o.day
    FROM orders o
    WHERE o.status = 'paid'
),
faithful AS (
    SELECT c.id
    FROM customers c
    WHERE c.id NOT IN (SELECT r.customer_id FROM orders r WHERE r.status = 'returned')
),
followed AS (
    SELECT DISTINCT a.id, a.customer_id
    FROM paid a
    JOIN paid b ON b.customer_id = a.customer_id AND b.day > a.day AND b.day <= a.day + 2
)
SELECT
    p.category,
    COUNT(DISTINCT w.id) AS orders,
    COUNT(DISTINCT f.id) AS customers,
    SUM(i.quantity * p.cents) AS revenue,
    (SELECT COUNT(*) FROM followed) AS followed_in_all
FROM followed w
JOIN faithful f ON f.id = w.customer_id
JOIN items i ON i.order_id = w.id
JOIN products p ON p.id = i.product_id
GROUP BY p.category
ORDER BY revenue DESC, p.category
