-- What faithful customers in Portugal bought in the second quarter, by category:
-- orders, customers, and revenue in cents. Faithful is who never sent an order back.
WITH
faithful AS MATERIALIZED /*tune: MATERIALIZED | NOT MATERIALIZED*/ (
    SELECT c.id
    FROM customers c
    WHERE c.country /*tune: c.country | COALESCE(c.country, '')*/ = 'PT'
      AND NOT EXISTS (
        SELECT 1 FROM orders r
        WHERE r.customer_id /*tune: r.customer_id | +r.customer_id*/ = c.id
          AND r.status /*tune: r.status | COALESCE(r.status, '')*/ = 'returned'
      )
),
paid AS MATERIALIZED /*tune: MATERIALIZED | NOT MATERIALIZED*/ (
    SELECT o.id, o.customer_id, o.day
    FROM orders o
    WHERE o.status /*tune: o.status | COALESCE(o.status, '')*/ = 'paid'
),
quarter AS MATERIALIZED /*tune: MATERIALIZED | NOT MATERIALIZED*/ (
    SELECT b.id, b.customer_id
    FROM paid b
    WHERE b.day /*tune: b.day | +b.day*/ BETWEEN 91 AND 181
)
SELECT
    p.category,
    COUNT(DISTINCT q.id) AS orders,
    COUNT(DISTINCT f.id) AS customers,
    SUM(i.quantity * p.cents) AS revenue
FROM products p
JOIN /*tune: JOIN | LEFT JOIN*/ items i ON i.product_id /*tune: i.product_id | +i.product_id*/ = p.id
JOIN quarter q ON q.id /*tune: q.id | +q.id*/ = i.order_id /*tune: i.order_id | +i.order_id*/
JOIN faithful f ON f.id = q.customer_id /*tune: q.customer_id | +q.customer_id*/
GROUP BY p.category
ORDER BY revenue DESC, p.category
