SELECT version FROM schema;
