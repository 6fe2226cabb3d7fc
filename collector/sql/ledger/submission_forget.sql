UPDATE submission SET person = NULL, client = NULL, comment = NULL, digest = '' WHERE subject = ?;
