using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Exai.Testing.Stores;

/// <summary>
/// A PostgreSQL database whose every statement is waited for on the spot: to the code above it all I/O has ended when it is awaited, as with a
/// file. So the simulation, which knows no sockets, runs on a real server, on its one thread and virtual clock.
/// </summary>
public sealed class BlockingDataSource(NpgsqlDataSource source) : DbDataSource
{
    public override string ConnectionString => source.ConnectionString;

    protected override DbConnection CreateDbConnection() => new Connection(source.CreateConnection());

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    protected override ValueTask DisposeAsyncCore()
    {
        source.Dispose();
        return base.DisposeAsyncCore();
    }

    private sealed class Connection(NpgsqlConnection inner) : ForwardingConnection(inner)
    {
        protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => new ForwardingTransaction(this, Inner.BeginTransaction());

        protected override DbCommand CreateDbCommand() => new Command(Inner.CreateCommand(), this);
    }

    private sealed class Command(NpgsqlCommand inner, DbConnection connection) : DbCommand
    {
        [AllowNull]
        public override string CommandText { get => inner.CommandText; set => inner.CommandText = value; }

        public override int CommandTimeout { get => inner.CommandTimeout; set => inner.CommandTimeout = value; }

        public override CommandType CommandType { get => inner.CommandType; set => inner.CommandType = value; }

        public override bool DesignTimeVisible { get; set; }

        public override UpdateRowSource UpdatedRowSource { get; set; }

        protected override DbConnection? DbConnection { get; set; } = connection;

        protected override DbParameterCollection DbParameterCollection => inner.Parameters;

        protected override DbTransaction? DbTransaction { get; set; }

        public override void Cancel() => inner.Cancel();

        public override int ExecuteNonQuery() => inner.ExecuteNonQuery();

        public override object? ExecuteScalar() => inner.ExecuteScalar();

        public override void Prepare() => inner.Prepare();

        protected override DbParameter CreateDbParameter() => inner.CreateParameter();

        /// <summary>All rows at once: the server's reader would wait for them one by one.</summary>
        protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior)
        {
            using var reader = inner.ExecuteReader(behavior);
            using var table = new DataTable();
            for (var column = 0; column < reader.FieldCount; column++)
            {
                table.Columns.Add(reader.GetName(column), reader.GetFieldType(column));
            }

            var row = new object[reader.FieldCount];
            while (reader.Read())
            {
                reader.GetValues(row);
                table.Rows.Add(row);
            }

            return table.CreateDataReader();
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
