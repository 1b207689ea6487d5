namespace Exai.Shim.Link;

/// <summary>The link as the relay sees it. Belongs to the relay's one loop; not thread-safe.</summary>
internal sealed class LinkState
{
    /// <summary>The connection that is ready; null while there is none.</summary>
    public LinkSession? Session { get; set; }

    /// <summary>Why the last dial failed; null after one that did not.</summary>
    public LinkException? Failure { get; set; }
}
