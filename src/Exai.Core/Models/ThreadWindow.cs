using Exai.Core.Models.Catalogue;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Models;

/// <summary>
/// Lays a question and its thread into a model's window: the question always, then as many turns as fit, newest first. What does not
/// fit is counted, so that the answer can say it.
/// </summary>
internal static class ThreadWindow
{
    /// <summary>What a model's window is taken for when nobody says how large it is.</summary>
    public const long UnknownWindow = 128_000;

    /// <summary>For what estimates miss and protocols add.</summary>
    private const int Reserve = 1024;

    /// <summary>How many tokens the answer may have; never so many that a small window has no room for the question.</summary>
    public static int MaxOutput(int wanted, ModelInfo? model) =>
        (int)Math.Min(Math.Min(wanted, model?.MaxOutput ?? int.MaxValue), (model?.Window ?? UnknownWindow) / 2);

    /// <summary>Tokens that a question may have with this model, its thread included.</summary>
    public static long Room(int wantedOutput, ModelInfo? model) => (model?.Window ?? UnknownWindow) - MaxOutput(wantedOutput, model) - Reserve;

    /// <summary>Tokens of a question without its thread.</summary>
    public static long Least(ModelQuestion question) => TokenEstimate.Of(question.SystemPrompt) + (long)TokenEstimate.Of(question.Prompt);

    /// <param name="room">Tokens that question and thread may have together.</param>
    /// <exception cref="CallException">CONTEXT_TOO_LARGE: the question alone does not fit.</exception>
    public static (List<ChatMessage> Messages, int DroppedTurns) Lay(ModelQuestion question, ModelRoute route, long room, int maxOutput)
    {
        var needed = Least(question);
        if (needed > room)
        {
            throw new CallException(new CallError
            {
                Code = ErrorCodes.ContextTooLarge,
                Provider = route.Provider.Name,
                Model = route.ModelId,
                Message = $"The question has about {needed:N0} tokens; {route.ModelId} takes {Math.Max(room, 0):N0} " +
                    $"(window {route.Info?.Window ?? UnknownWindow:N0}, less {maxOutput:N0} for the answer). Send less, or ask a model with a larger window (listmodels).",
            });
        }

        var kept = new List<(string Question, string Answer)>();
        foreach (var turn in question.History.Reverse())
        {
            needed += TokenEstimate.Of(turn.Question) + TokenEstimate.Of(turn.Answer);
            if (needed > room)
            {
                break;
            }

            kept.Add(turn);
        }

        kept.Reverse();
        List<ChatMessage> messages = [new(ChatRole.System, question.SystemPrompt)];
        foreach (var (asked, answered) in kept)
        {
            messages.Add(new ChatMessage(ChatRole.User, asked));
            messages.Add(new ChatMessage(ChatRole.Assistant, answered));
        }

        messages.Add(new ChatMessage(ChatRole.User, question.Prompt));
        return (messages, question.History.Count - kept.Count);
    }
}
