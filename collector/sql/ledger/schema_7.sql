-- Since when events were put aside and none was taken.
ALTER TABLE lane ADD COLUMN refusing_since INTEGER;

-- When the operator was last told something of the lane: of dead letters at most once a day.
ALTER TABLE lane ADD COLUMN told_at INTEGER;
