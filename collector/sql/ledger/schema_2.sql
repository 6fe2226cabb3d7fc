-- Under which key-encryption key a person's key is wrapped, so that a rotation knows what is left to do. NULL: not known yet.
ALTER TABLE subject ADD COLUMN kek TEXT;

CREATE INDEX subject_kek ON subject (kek);

-- Refusals in a row of the next event for its own sake, apart from failures of the endpoint.
ALTER TABLE lane ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;

-- The person as this submission named it, sealed: a later submission by somebody else does not change what this one said.
ALTER TABLE submission ADD COLUMN person BLOB;

-- Until when a yes holds; of what expired, until when it did.
ALTER TABLE consent ADD COLUMN expires_at INTEGER;

CREATE INDEX consent_expiring ON consent (expires_at) WHERE status = 'given' AND expires_at IS NOT NULL;
