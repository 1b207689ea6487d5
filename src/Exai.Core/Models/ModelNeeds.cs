using Exai.Core.Models.Catalogue;

namespace Exai.Core.Models;

/// <summary>What a model must be able to do for a question.</summary>
/// <param name="Web">Search the web.</param>
/// <param name="Vision">See images.</param>
/// <param name="Tokens">Take a question of about so many tokens.</param>
internal sealed record ModelNeeds(bool Web, bool Vision, long Tokens)
{
    /// <summary>What the question needs at least: of its thread, turns may be left out.</summary>
    public static ModelNeeds Least(ModelQuestion question) =>
        new(question.WebSearch, question.NeedsVision, ThreadWindow.Least(question));

    /// <summary>What the question needs with its whole thread.</summary>
    public static ModelNeeds Whole(ModelQuestion question)
    {
        var least = Least(question);
        return least with
        {
            Tokens = least.Tokens + question.History.Sum(turn => TokenEstimate.Of(turn.Question) + (long)TokenEstimate.Of(turn.Answer))
                + question.Files.Sum(file => (long)TokenEstimate.Of(file.Shown)),
        };
    }

    /// <summary>What the model lacks, in words that follow "cannot"; empty when it fits.</summary>
    /// <param name="model">Null for an id that nothing is known of.</param>
    /// <param name="wantedOutput">Tokens that the answer may have.</param>
    public IReadOnlyList<string> Missing(ModelInfo? model, int wantedOutput)
    {
        List<string> missing = [];
        if (Web && model is not { WebSearch: true })
        {
            missing.Add("search the web");
        }

        if (Vision && model is not { Vision: true })
        {
            missing.Add("see images");
        }

        if (ThreadWindow.Room(wantedOutput, model) < Tokens)
        {
            missing.Add($"take about {Tokens:N0} tokens");
        }

        return missing;
    }
}
