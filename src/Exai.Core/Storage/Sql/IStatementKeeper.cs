using System.Data.Common;

namespace Exai.Core.Storage.Sql;

/// <summary>A connection that keeps the statements it has prepared.</summary>
internal interface IStatementKeeper
{
    /// <summary>A statement without parameters. It belongs to the caller until it is given back.</summary>
    DbCommand Take(string sql);

    void GiveBack(DbCommand statement);
}
