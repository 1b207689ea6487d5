namespace Exai.Core.Storage;

/// <summary>The store could not do what was asked. Nothing of the failed write remains.</summary>
public sealed class StoreException(string message, bool full, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>No room is left: answers are still sent, new calls are refused.</summary>
    public bool Full { get; } = full;

    /// <summary>The file's content is broken: no later try helps.</summary>
    public bool Damaged { get; init; }
}
