namespace Exai.Simulator;

/// <summary>The places in which GLM's web search results have been documented or seen.</summary>
public static class SimulatorSources
{
    /// <summary><c>web_search</c> of the chunk or body itself.</summary>
    public const string Chunk = "chunk";

    /// <summary><c>web_search</c> of the finish chunk's delta.</summary>
    public const string Delta = "delta";

    /// <summary><c>web_search</c> of a message that stands in the delta's place.</summary>
    public const string Message = "message";

    /// <summary><c>web_search:[{search_result:[…]}]</c> of the chunk.</summary>
    public const string Nested = "nested";

    /// <summary><c>search_result</c> of the chunk.</summary>
    public const string SearchResult = "search_result";

    /// <summary>All places.</summary>
    public static IReadOnlyList<string> All { get; } = [Chunk, Delta, Message, Nested, SearchResult];
}
