using Exai.Settings;
using Npgsql;

namespace Exai.Core.Storage.Postgres;

/// <summary>How this program talks to a PostgreSQL server.</summary>
internal static class PostgresConnections
{
    /// <summary>
    /// Readers and a writer. No wait is without a clock: a server that is gone without a word is noticed within seconds, and a daemon that stops
    /// in the middle of a transaction loses it, with the locks that others wait for.
    /// </summary>
    public static NpgsqlDataSource Open(PostgresAddress address) => NpgsqlDataSource.Create(Text(address));

    internal static NpgsqlConnectionStringBuilder Text(PostgresAddress address)
    {
        var text = new NpgsqlConnectionStringBuilder
        {
            Host = address.Host,
            Port = address.Port,
            Database = address.Database,
            ApplicationName = "exai",
            Timeout = 5,
            CommandTimeout = 10,
            CancellationTimeout = 1000,
            MaxPoolSize = 16,
            // The same few statements over and over: the server parses and plans each once for a connection, which costs more than to run it.
            MaxAutoPrepare = 64,
            AutoPrepareMinUsages = 2,
            // Nothing that a reader leaves behind in its session could mean anything to the next one.
            NoResetOnClose = true,
            TcpKeepAlive = true,
            // A usual commit leaves in one piece: the server runs what has arrived of it, and holds its locks while it waits for the rest.
            WriteBufferSize = 256 * 1024,
            // For that wait it has no clock of its own but the network's, which by default runs for two hours.
            Options = "-c idle_in_transaction_session_timeout=3000 -c default_transaction_isolation=read\\ committed"
                + " -c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3",
        };
        if (address.User is not null)
        {
            text.Username = address.User;
        }

        if (address.Password is not null)
        {
            text.Password = address.Password;
        }

        if (address.SslMode is { } mode)
        {
            text.SslMode = Enum.Parse<SslMode>(mode.Replace("-", "", StringComparison.Ordinal), ignoreCase: true);
        }

        if (address.SslRootCertificate is { } certificate)
        {
            text.RootCertificate = certificate;
        }

        return text;
    }
}
