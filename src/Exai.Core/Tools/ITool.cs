using Exai.Core.Threads;
using Exai.Protocol;

namespace Exai.Core.Tools;

/// <summary>A tool whose calls are journaled: each runs once, survives the daemon, and has a receipt.</summary>
public interface ITool
{
    ToolDescriptor Descriptor { get; }

    /// <summary>Whether its calls ask models, and so need a place in the queue. Others never queue.</summary>
    bool AsksModels => true;

    /// <exception cref="CallException">The tool failed in a way that the caller can understand.</exception>
    Task<ToolAnswer> RunAsync(CallContext context, CancellationToken cancellationToken);
}

/// <summary>A tool that reads the present state: computed anew for each request, outside the journal, without a permit.</summary>
public interface IRecomputedTool
{
    ToolDescriptor Descriptor { get; }

    Task<string> AnswerAsync(ToolArguments arguments, CancellationToken cancellationToken);
}

/// <summary>What a tool that waits is waiting for, for the notes of progress to its client.</summary>
public sealed class CallWatch
{
    private volatile Func<string> _progress = () => "accepted";

    /// <summary>Called from any thread, again and again.</summary>
    public Func<string> Progress
    {
        get => _progress;
        set => _progress = value;
    }
}

/// <param name="Text">The answer as the caller reads it, without the closing line about its origin.</param>
/// <param name="Turn">What the thread keeps of it; null when the tool does not talk in threads.</param>
public sealed record ToolAnswer(string Text, Turn? Turn)
{
    /// <summary>What became of each question, when the tool asked several; null when it asked one or none.</summary>
    public IReadOnlyList<ReceiptPart>? Parts { get; init; }
}
