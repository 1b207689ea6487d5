using Exai.Core.Providers;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Models;

/// <summary>A question as it goes to one model: the messages that fit its window, and what is really switched on.</summary>
internal sealed class ModelRequest
{
    /// <summary>What is kept of a request that the provider calls too long: it counts more tokens than we do, by how many is unknown.</summary>
    private const double ShrinkTo = 0.6;

    private readonly ModelQuestion _question;
    private readonly int _maxOutput;
    private readonly double _ratio;

    /// <param name="ratio">What the model counts for a token of our estimate.</param>
    public ModelRequest(ModelQuestion question, ModelRoute route, double ratio = 1)
    {
        _ratio = ratio;
        _question = question;
        Route = route;
        Thinking = ThinkingChoice.For(question.Thinking, route.Info?.Thinking, route.Info?.Efforts);
        Searches = question.WebSearch && route.Info is { WebSearch: true };
        // The router has said it of a model that it chose.
        SearchNote = route.AskedModel == ModelRouter.Auto ? null : $"{route.ModelId} cannot search the web through EXAI; it answered without.";
        _maxOutput = ThreadWindow.MaxOutput(route.Provider.MaxOutputTokens, route.Info);
        Lay((long)(ThreadWindow.Room(route.Provider.MaxOutputTokens, route.Info) / ratio));
    }

    public ModelRoute Route { get; }

    public ThinkingChoice Thinking { get; }

    public bool Searches { get; private set; }

    /// <summary>Why it does not search although the question asks for it.</summary>
    public string? SearchNote { get; private set; }

    public IReadOnlyList<ChatMessage> Messages { get; private set; } = [];

    /// <summary>Exchanges of the thread that were left out.</summary>
    public int DroppedTurns { get; private set; }

    /// <summary>Paths of files that were left out.</summary>
    public IReadOnlyList<string> LeftOutFiles { get; private set; } = [];

    /// <summary>The question alone does not fit, so nothing is sent.</summary>
    public ProviderException? TooLarge { get; private set; }

    public bool CanShrink => DroppedTurns < _question.History.Count || LeftOutFiles.Count < _question.Files.Count;

    /// <summary>The provider's search is out of order, not its model.</summary>
    public void StopSearching()
    {
        Searches = false;
        SearchNote = $"The web search of {Route.Provider.Name} failed; {Route.ModelId} answered without it.";
    }

    /// <summary>Leaves out the oldest turns and the last files: the provider counts more tokens than we do.</summary>
    public void Shrink()
    {
        var before = (DroppedTurns, LeftOutFiles.Count);
        var least = ThreadWindow.Least(_question);
        var target = (long)(TokenEstimate.Of(Messages) * ShrinkTo);
        Lay(Math.Max(target, least));
        if ((DroppedTurns, LeftOutFiles.Count) == before)
        {
            // What remains is little beside the question: the question goes alone.
            Lay(least);
        }
    }

    public ChatOptions Options(IAttemptSignals signals) => new()
    {
        ModelId = Route.ModelId,
        MaxOutputTokens = _maxOutput,
        Temperature = _question.Temperature,
        AdditionalProperties = new()
        {
            [AttemptOptions.Key] = new AttemptOptions
            {
                Thinking = Thinking.Asked,
                Effort = Thinking.Effort,
                WebSearch = Searches,
                CacheKey = _question.ConversationId,
                Signals = signals,
            },
        },
    };

    /// <summary>Its row in the ledger before anything is known: should the daemon die, this is what it is taken to have cost.</summary>
    public AttemptRecord Begin(DateTimeOffset now, TimeSpan queued)
    {
        var input = (long)(TokenEstimate.Of(Messages) * _ratio);
        return new AttemptRecord
        {
            CallId = "",
            Run = 0,
            Number = 0,
            StartedAt = now,
            AskedModel = Route.AskedModel,
            Provider = Route.Provider.Name,
            Model = Route.ModelId,
            QueueMs = (long)queued.TotalMilliseconds,
            Tokens = new ReceiptTokens { Input = input, Estimated = true },
            CostUsd = Route.Info?.Cost(input, 0),
        };
    }

    private void Lay(long room)
    {
        try
        {
            var laid = ThreadWindow.Lay(_question, Route, room, _maxOutput);
            (Messages, DroppedTurns, LeftOutFiles) = (laid.Messages, laid.DroppedTurns, laid.LeftOutFiles);
        }
        catch (CallException failure)
        {
            TooLarge = new ProviderException(failure.Error, FailureClass.Shrink, failure);
        }
    }
}
