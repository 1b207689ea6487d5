using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
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

    private sealed class Connection(BreakingDataSource owner, NpgsqlConnection inner) : DbConnection
    {
        [AllowNull]
        public override string ConnectionString { get => inner.ConnectionString; set => inner.ConnectionString = value; }

        public override string Database => inner.Database;

        public override string DataSource => inner.DataSource;

        public override string ServerVersion => inner.ServerVersion;

        public override ConnectionState State => inner.State;

        public override void ChangeDatabase(string databaseName) => inner.ChangeDatabase(databaseName);

        public override void Open() => inner.Open();

        public override void Close() => inner.Close();

        protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => new Transaction(owner, this, inner.BeginTransaction());

        protected override DbCommand CreateDbCommand() => inner.CreateCommand();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class Transaction(BreakingDataSource owner, DbConnection connection, NpgsqlTransaction inner) : DbTransaction
    {
        public override IsolationLevel IsolationLevel => inner.IsolationLevel;

        protected override DbConnection DbConnection => connection;

        public override void Commit() => owner.Commit(inner);

        public override void Rollback() => inner.Rollback();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
