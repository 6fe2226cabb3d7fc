UPDATE subject_key SET wrapped = zeroblob(length(wrapped)) WHERE slot = (SELECT slot FROM subject WHERE id = ?);
