-- How it was confirmed: when, with what, and how often the link had been opened before.
ALTER TABLE submission ADD COLUMN confirmation TEXT;
