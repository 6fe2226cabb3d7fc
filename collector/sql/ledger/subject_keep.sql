UPDATE subject SET keep_until = ?1 WHERE id = ?2 AND keep_until IS NOT ?1;
