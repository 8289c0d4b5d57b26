import GRDB

/// The ledger's table, version after version. A version that was shipped is never changed; the next one adds to it.
enum LedgerSchema {
    /// Marks the file as a ledger ("OVTL"), so that no other program's database is taken for one.
    static let applicationID = 0x4F56_544C

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 scenes") { database in
            try database.execute(
                sql: """
                    PRAGMA application_id = \(applicationID);
                    CREATE TABLE scene (
                        path TEXT NOT NULL PRIMARY KEY,
                        state TEXT NOT NULL,
                        size INTEGER NOT NULL,          -- bytes
                        modified INTEGER NOT NULL,      -- nanoseconds since 1970
                        observed REAL NOT NULL,         -- this and all times below: seconds since 1970
                        identity TEXT,                  -- of all files that the scene is made of
                        settings TEXT,                  -- hash of model and options
                        model TEXT,
                        attempts INTEGER NOT NULL DEFAULT 0,
                        error TEXT,
                        error_status INTEGER,           -- as an exit status
                        started REAL,
                        finished REAL,
                        seconds REAL,
                        pixels INTEGER,
                        class_shares TEXT,              -- JSON, as the two below
                        warnings TEXT,
                        outputs TEXT,
                        next_attempt REAL
                    ) WITHOUT ROWID;
                    CREATE INDEX scene_state ON scene (state);
                    """)
        }
        return migrator
    }
}
