using System.Data.Common;

namespace Exai.Core.Storage.Sql;

/// <summary>A connection that prepares each statement once.</summary>
internal interface IStatementKeeper
{
    /// <summary>A statement without parameters, perhaps one that ran before. Disposing of it gives it back.</summary>
    DbCommand Take(string sql);
}
