-- What faithful customers in Portugal bought in the second quarter, by category:
-- orders, customers, and revenue in cents. Faithful is who never sent an order back.
WITH faithful AS MATERIALIZED /*tune: MATERIALIZED | NOT MATERIALIZED*/ (
    SELECT DISTINCT /*tune: SELECT DISTINCT | SELECT*/ c.id
    FROM customers c
    WHERE c.country /*tune: c.country | COALESCE(c.country, '')*/ = 'PT'
      AND NOT EXISTS (
        SELECT 1 FROM orders r
        WHERE r.customer_id /*tune: r.customer_id | +r.customer_id*/ = c.id
          AND r.status /*tune: r.status | COALESCE(r.status, '')*/ = 'returned'
      )
),
sold AS MATERIALIZED /*tune: MATERIALIZED | NOT MATERIALIZED*/ (
    SELECT o.id AS order_id, o.customer_id, o.day, i.product_id, i.quantity
    FROM orders o , /*tune: , | CROSS JOIN*/ items i
    WHERE i.order_id /*tune: i.order_id | +i.order_id*/ = o.id
      AND o.status /*tune: o.status | COALESCE(o.status, '')*/ = 'paid'
)
SELECT
    p.category,
    COUNT(DISTINCT s.order_id) AS orders,
    COUNT(DISTINCT s.customer_id) AS customers,
    SUM(s.quantity * p.cents) AS revenue
FROM faithful f , /*tune: , | CROSS JOIN*/ sold s
LEFT JOIN /*tune: LEFT JOIN | JOIN*/ products p ON p.id = s.product_id
WHERE s.customer_id /*tune: s.customer_id | +s.customer_id*/ = f.id
  AND s.day /*tune: s.day | +s.day*/ BETWEEN 91 AND 181
GROUP BY p.category
ORDER BY revenue DESC, p.category
