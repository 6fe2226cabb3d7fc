SELECT digest, used_at FROM key_use;
