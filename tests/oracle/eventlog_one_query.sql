-- SPDX-License-Identifier: Apache-2.0
-- What the eventlog says of heap and ticks, beside what .hp and .prof of the same run say, stack by stack with module and
-- source. Samples are numbered, for the clocks differ. The runtime's own is a sum of its own.
WITH samples AS (SELECT collector, metric, CASE metric WHEN 'ghc.heap.residency'
    THEN dense_rank() OVER (PARTITION BY collector, metric ORDER BY t_ns) ELSE 0 END AS n,
    coalesce(attrs ->> 'breakdown', '') AS breakdown, stack, coalesce(module, '') AS module, coalesce(src, '') AS src, self
  FROM weights
  WHERE metric IN ('ghc.heap.residency', 'ghc.profile.ticks') AND attrs NOT LIKE '%system%' AND self > 0),
systems AS (SELECT collector = 'ghc-eventlog' AS is_log, sum(self) AS self FROM weights
  WHERE metric = 'ghc.profile.ticks' AND attrs LIKE '%system%' GROUP BY 1),
sums AS (SELECT collector, metric, n, breakdown, stack, module, src, sum(self) AS self FROM samples GROUP BY 1, 2, 3, 4, 5, 6, 7)
SELECT m.metric, m.breakdown,
  (SELECT count(DISTINCT collector) FROM sums s WHERE s.metric = m.metric) AS collectors,
  (SELECT count(*) FROM sums s WHERE s.metric = m.metric AND s.collector = 'ghc-eventlog') AS n,
  (SELECT sum(self) FROM sums s WHERE s.metric = m.metric AND s.collector = 'ghc-eventlog') AS log,
  (SELECT sum(self) FROM sums s WHERE s.metric = m.metric AND s.collector <> 'ghc-eventlog') AS other,
  coalesce((SELECT self FROM systems WHERE is_log AND m.metric = 'ghc.profile.ticks'), 0) AS log_system,
  coalesce((SELECT self FROM systems WHERE NOT is_log AND m.metric = 'ghc.profile.ticks'), 0) AS other_system,
  (SELECT coalesce(sum(abs(d)), 0) FROM (SELECT sum(CASE collector WHEN 'ghc-eventlog' THEN self ELSE -self END) AS d FROM sums s
    WHERE s.metric = m.metric GROUP BY n, breakdown, stack, module, src)) AS apart
FROM (SELECT DISTINCT metric, breakdown FROM sums) m ORDER BY m.metric
