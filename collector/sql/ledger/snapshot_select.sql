SELECT body FROM snapshot WHERE id = 1;
