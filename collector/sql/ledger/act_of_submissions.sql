SELECT id, submission, receipt FROM act WHERE submission IN (SELECT value FROM json_each(?)) ORDER BY id;
