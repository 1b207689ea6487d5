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
            deleted = await database.WriteAsync(connection => connection.ExecuteAsync(delete, ("@before", before.ToUnixTimeMilliseconds())), cancellationToken);
            all += deleted;
        }

        return all;
    }
}
