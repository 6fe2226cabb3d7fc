SELECT 1 AS at FROM consent WHERE subject = ? AND status IN ('requested', 'given', 'withdrawn', 'expired') LIMIT 1;
