DELETE FROM consent WHERE subject = ?;
