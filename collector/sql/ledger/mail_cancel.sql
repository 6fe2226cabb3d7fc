DELETE FROM mail WHERE subject = ?1 AND next_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM consent WHERE consent.subject = ?1 AND status = 'requested');
