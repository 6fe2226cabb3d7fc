SELECT act.receipt FROM act JOIN submission ON submission.id = act.submission WHERE act.id = ? AND submission.subject = ?;
