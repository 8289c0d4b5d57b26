// Overtile
