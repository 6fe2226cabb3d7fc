-- Under which key-encryption key a person's key is wrapped, so that a rotation knows what is left to do. NULL: not known yet.
ALTER TABLE subject ADD COLUMN kek TEXT;

CREATE INDEX subject_kek ON subject (kek);
