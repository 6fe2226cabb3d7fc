UPDATE submission SET person = NULL, client = NULL, digest = '' WHERE subject = ?;
