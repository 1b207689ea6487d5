using System.Data;
using System.Data.Common;
using System.Net.Sockets;
using Npgsql;

namespace Exai.Core.Storage.Postgres;

/// <summary>What PostgreSQL's and the network's failures mean to whoever waits or has to mend them.</summary>
internal static class PostgresFailures
{
    private const string IdleInTransactionSessionTimeout = "25P03";

    /// <summary>Of Npgsql's connection. Whoever gives up a transaction whose connection broke before its BEGIN was answered is told of its disposal, and not of the break.</summary>
    private static readonly string? BrokenAtBegin = typeof(ManualResetEventSlim).FullName;

    /// <summary>The server, or the way to it, is not there at present: the same may go well in a moment.</summary>
    public static bool IsAway(Exception failure) => failure switch
    {
        PostgresException { SqlState: var state } => state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("57P", StringComparison.Ordinal)
            || state is PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.QueryCanceled
                or IdleInTransactionSessionTimeout,
        NpgsqlException { IsTransient: false, InnerException: not (SocketException or IOException or TimeoutException) } => false,
        ObjectDisposedException disposed => disposed.ObjectName == BrokenAtBegin,
        _ => failure is NpgsqlException or SocketException or IOException or TimeoutException,
    };

    /// <summary>The server ended the command when its time was over, and its connection is whole: the server is there.</summary>
    public static bool IsSlow(DbException failure, DbConnection connection) => failure.InnerException is TimeoutException && connection.State == ConnectionState.Open;

    /// <summary>A newer version has changed a table since this statement was prepared on this connection; it is prepared anew when it runs again.</summary>
    public static bool IsOutdated(Exception failure) => failure is PostgresException { SqlState: PostgresErrorCodes.FeatureNotSupported, Routine: "RevalidateCachedQuery" };

    /// <summary>Two transactions stood in each other's way; this one was rolled back and may be tried again at once.</summary>
    public static bool IsCollision(Exception failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <param name="name">The database, without secrets.</param>
    /// <param name="attempt">What was tried: "opened", "read", "written".</param>
    public static StoreException Explain(string name, string attempt, Exception failure)
    {
        var full = failure is PostgresException { SqlState: PostgresErrorCodes.DiskFull };
        return new StoreException($"The database {name} cannot be {attempt}: {Reason(failure)}. {Mend(failure)}.", full, failure);
    }

    /// <summary>Without the server's details, which may quote what was stored.</summary>
    public static string Reason(Exception failure) => failure switch
    {
        PostgresException refused => $"{refused.MessageText.TrimEnd('.')} ({refused.SqlState})",
        DbException { InnerException: { } inner } outer when inner.Message != outer.Message => $"{outer.Message.TrimEnd('.')}: {inner.Message.TrimEnd('.')}",
        _ => failure.Message.TrimEnd('.'),
    };

    private static string Mend(Exception failure) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.DiskFull } => "Free some space on the server",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => "Create it, or name another one in EXAI_STORE",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } => "Let this user create tables there, or name another one in EXAI_STORE",
        PostgresException { SqlState: var state } when state.StartsWith("28", StringComparison.Ordinal) => "Correct user and password in EXAI_STORE, or the server's pg_hba.conf",
        _ => "Look at the server, and at EXAI_STORE",
    };
}
