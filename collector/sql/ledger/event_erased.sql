SELECT body FROM event WHERE subject = ? AND +kind = 'subject.erased' LIMIT 1;
