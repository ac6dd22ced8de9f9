-- What faithful customers in Portugal bought in the second quarter, by category:
-- orders, customers, and revenue in cents. Faithful is who never sent an order back.
WITH
faithful AS MATERIALIZED (
    SELECT c.id
    FROM customers c
    WHERE c.country = 'PT'
      AND NOT EXISTS (
        SELECT 1 FROM orders r
        WHERE r.customer_id = c.id
          AND r.status = 'returned'
      )
),
paid AS MATERIALIZED (
    SELECT o.id, o.customer_id, o.day
    FROM orders o
    WHERE o.status = 'paid'
),
quarter AS MATERIALIZED (
    SELECT b.id, b.customer_id
    FROM paid b
    WHERE b.day BETWEEN 91 AND 181
)
SELECT
    p.category,
    COUNT(DISTINCT q.id) AS orders,
    COUNT(DISTINCT f.id) AS customers,
    SUM(i.quantity * p.cents) AS revenue
FROM products p
JOIN items i ON i.product_id = p.id
JOIN quarter q ON q.id = i.order_id
JOIN faithful f ON f.id = q.customer_id
GROUP BY p.category
ORDER BY revenue DESC, p.category
