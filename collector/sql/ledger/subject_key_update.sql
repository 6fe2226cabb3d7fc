UPDATE subject_key SET wrapped = ? WHERE slot = (SELECT slot FROM subject WHERE id = ?);
