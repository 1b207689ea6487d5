using System.Data;
using System.Data.Common;
using Exai.Testing.Stores;
using Npgsql;

namespace Exai.Core.Tests.Storage.Postgres;

/// <summary>A database whose connection breaks when it is told to: in the moment of a commit, before or after the server has done it.</summary>
internal sealed class BreakingDataSource(NpgsqlDataSource source) : DbDataSource
{
    private bool? _breaks;

    /// <summary>Connections that broke.</summary>
    public int Broken { get; private set; }

    public override string ConnectionString => source.ConnectionString;

    /// <param name="after">The server commits, and nobody hears of it.</param>
    public void BreakNextCommit(bool after) => _breaks = after;

    protected override DbConnection CreateDbConnection() => new Connection(this, source.CreateConnection());

    protected override async ValueTask DisposeAsyncCore()
    {
        await source.DisposeAsync();
        await base.DisposeAsyncCore();
    }

    private void Commit(NpgsqlTransaction transaction)
    {
        var breaks = _breaks;
        _breaks = null;
        if (breaks != false)
        {
            transaction.Commit();
        }

        if (breaks is not null)
        {
            Broken++;
            throw new NpgsqlException("Exception while reading from stream", new EndOfStreamException());
        }
    }

    private sealed class Connection(BreakingDataSource owner, NpgsqlConnection inner) : ForwardingConnection(inner)
    {
        protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => new Transaction(owner, this, Inner.BeginTransaction());

        protected override DbCommand CreateDbCommand() => Inner.CreateCommand();
    }

    private sealed class Transaction(BreakingDataSource owner, DbConnection connection, NpgsqlTransaction inner) : ForwardingTransaction(connection, inner)
    {
        public override void Commit() => owner.Commit(Inner);
    }
}
