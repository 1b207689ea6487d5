using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Exai.Core.Storage.Sqlite;

/// <summary>What SQLite's result codes mean to whoever has to mend them.</summary>
internal static class SqliteFailures
{
    /// <param name="path">The database file.</param>
    /// <param name="attempt">What was tried: "opened", "read", "written".</param>
    public static StoreException Explain(string path, string attempt, Exception failure)
    {
        var code = (failure as SqliteException)?.SqliteErrorCode;
        var (reason, mend) = code switch
        {
            raw.SQLITE_FULL => ("the disk is full", "Free some space"),
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => ("another program holds it locked", "Close that program: a database browser, a backup"),
            raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_CANTOPEN =>
                ($"it is not writable ({failure.Message.TrimEnd('.')})", "Let this user write the file and its folder, or set EXAI_STORE to another file"),
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => ($"it is damaged ({failure.Message.TrimEnd('.')})", "A daemon that starts sets EXAI's own file aside and begins a new one; for another file, set EXAI_STORE"),
            raw.SQLITE_IOERR => ($"the disk reports an error ({failure.Message.TrimEnd('.')})", "Check the disk, or set EXAI_STORE to a file on another one"),
            _ => (failure.Message.TrimEnd('.'), "Check that the file and its folder can be written, or set EXAI_STORE to another file"),
        };
        return new StoreException($"The database {path} cannot be {attempt}: {reason}. {mend}.", code == raw.SQLITE_FULL, failure)
        {
            Damaged = code is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB,
        };
    }
}
