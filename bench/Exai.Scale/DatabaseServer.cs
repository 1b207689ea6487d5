using System.Globalization;
using Exai.Peers;
using Exai.Settings;
using Npgsql;

namespace Exai.Scale;

/// <summary>The PostgreSQL server behind EXAI_STORE, if it runs on this machine: what its processes cost.</summary>
internal sealed class DatabaseServer : IDisposable
{
    private readonly NpgsqlConnection _connection;

    /// <param name="store">As EXAI_STORE names it; its user may read where the server keeps its data.</param>
    public DatabaseServer(string store)
    {
        if (!PostgresAddress.TryParse(store, out var address, out var error))
            throw new ArgumentException(error, nameof(store));
        _connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder
        {
            Host = address.Host,
            Port = address.Port,
            Database = address.Database,
            Username = address.User,
            Password = address.Password,
            Pooling = false,
        }.ToString());
        _connection.Open();
    }

    /// <summary>What all its processes have used of processors since it began; null when it runs elsewhere.</summary>
    public TimeSpan? ProcessorTime()
    {
        // Its first line is the process under which all others of the server run.
        var file = Path.Combine(Scalar<string>("SHOW data_directory"), "postmaster.pid");
        if (!File.Exists(file))
            return null;
        var postmaster = int.Parse(File.ReadLines(file).First(), CultureInfo.InvariantCulture);
        return Children.Tree(postmaster).Aggregate(Children.ProcessorTimeOfEnded(postmaster), (sum, pid) => sum + OfOne(pid));
    }

    /// <summary>Transactions that wrote or read something, since the server counts them; a backend tells its own a second late.</summary>
    public long Commits() => Scalar<long>("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()");

    public void Dispose() => _connection.Dispose();

    /// <summary>Zero for one that has ended since it was found.</summary>
    private static TimeSpan OfOne(int pid)
    {
        try
        {
            return Children.ProcessorTime(pid);
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            return TimeSpan.Zero;
        }
    }

    private T Scalar<T>(string sql)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        return (T)command.ExecuteScalar()!;
    }
}
