UPDATE submission SET waiting_until = NULL WHERE subject = ?;
