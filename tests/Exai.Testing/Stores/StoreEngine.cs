namespace Exai.Testing.Stores;

/// <summary>What a store's behaviour is tested on.</summary>
public enum StoreEngine
{
    Sqlite,
    Postgres,
}

/// <summary>The one table of stores: a behaviour that holds on one holds on each.</summary>
public static class StoreEngines
{
    /// <summary>Each engine, with the reason why it cannot be tested on this machine; null when it can.</summary>
    public static IReadOnlyList<(StoreEngine Engine, string? Skip)> All { get; } =
        [(StoreEngine.Sqlite, null), (StoreEngine.Postgres, PostgresServer.Missing)];
}
