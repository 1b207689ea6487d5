namespace Exai.Core.Storage.Sql;

/// <summary>Deletes what is old in many small commits: other writes go between them, and wait for none of them long.</summary>
internal static class Forgetting
{
    /// <summary>Rows that one commit deletes: a few milliseconds.</summary>
    private const int Part = 200;

    /// <param name="key">The columns of the primary key.</param>
    /// <param name="old">Which rows are meant; <c>@before</c> stands for the moment.</param>
    /// <returns>How many rows.</returns>
    public static async ValueTask<int> ForgetAsync(this IDatabase database, string table, string key, string old, DateTimeOffset before, CancellationToken cancellationToken)
    {
        // Said twice: what has been picked may be renewed before it is deleted.
        var delete = $"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {old} LIMIT {Part}) AND {old}";
        var (all, deleted) = (0, Part);
        while (deleted == Part)
        {
            var part = SqlStatement.Change(delete, ("@before", before.ToUnixTimeMilliseconds()));
            // Aside, or it would be commit after commit on the caller's thread, which has others to serve.
            await database.WriteAsideAsync([part], cancellationToken);
            deleted = part.Count;
            all += deleted;
        }

        return all;
    }
}
