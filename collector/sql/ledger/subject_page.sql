SELECT subject.id, subject_key.wrapped AS wrapped_key, subject.person FROM subject JOIN subject_key ON subject_key.slot = subject.slot WHERE subject.id > ?1 ORDER BY subject.id LIMIT ?2;
