INSERT INTO subject_key (wrapped) VALUES (?);
