using Exai.Core.Models.Catalogue;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Models;

/// <summary>A question as it is sent.</summary>
/// <param name="Messages">System prompt, turns, question.</param>
/// <param name="DroppedTurns">Exchanges of the thread that did not fit.</param>
/// <param name="LeftOutFiles">Paths of files that did not fit.</param>
internal sealed record LaidQuestion(List<ChatMessage> Messages, int DroppedTurns, IReadOnlyList<string> LeftOutFiles);

/// <summary>
/// Lays a question, its files and its thread into a model's window: the question always; then files in their order, as long as a quarter of
/// what is left stays for the thread; then as many turns as fit, newest first. What does not fit is told, so that the answer can say it.
/// </summary>
internal static class ThreadWindow
{
    /// <summary>What a model's window is taken for when nobody says how large it is.</summary>
    public const long UnknownWindow = 128_000;

    /// <summary>For what estimates miss and protocols add.</summary>
    private const int Reserve = 1024;

    /// <summary>About what providers count for a picture.</summary>
    private const int TokensPerImage = 1000;

    /// <summary>Paths that the list of what was left out names; the rest is counted.</summary>
    private const int MostNamed = 50;

    /// <summary>How many tokens the answer may have; never so many that a small window has no room for the question.</summary>
    public static int MaxOutput(int wanted, ModelInfo? model) =>
        (int)Math.Min(Math.Min(wanted, model?.MaxOutput ?? int.MaxValue), (model?.Window ?? UnknownWindow) / 2);

    /// <summary>Tokens that a question may have with this model, its thread included.</summary>
    public static long Room(int wantedOutput, ModelInfo? model) => (model?.Window ?? UnknownWindow) - MaxOutput(wantedOutput, model) - Reserve;

    /// <summary>Tokens of a question without its thread and its files.</summary>
    public static long Least(ModelQuestion question) =>
        TokenEstimate.Of(question.SystemPrompt) + (long)TokenEstimate.Of(question.Prompt) + (question.Images.Count * TokensPerImage);

    /// <param name="room">Tokens that question and thread may have together.</param>
    /// <exception cref="CallException">CONTEXT_TOO_LARGE: the question alone does not fit.</exception>
    public static LaidQuestion Lay(ModelQuestion question, ModelRoute route, long room, int maxOutput)
    {
        var sees = route.Info is { Vision: true };
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

        IReadOnlyList<QuestionImage> images = sees && needed + (question.EarlierImages.Count * TokensPerImage) <= room ? [.. question.EarlierImages, .. question.Images] : question.Images;
        needed += (images.Count - question.Images.Count) * TokensPerImage;
        var (files, leftOut) = LayFiles(question, room - needed);
        var prompt = Compose(question, files, leftOut);
        if (images.Count - question.Images.Count < question.EarlierImages.Count)
        {
            prompt += "\n\nThe images of earlier turns are not shown to you.";
        }

        needed += TokenEstimate.Of(prompt) - (long)TokenEstimate.Of(question.Prompt);
        var kept = LayTurns(question, room - needed);
        List<ChatMessage> messages = [new(ChatRole.System, question.SystemPrompt)];
        foreach (var (asked, answered) in kept)
        {
            messages.Add(new ChatMessage(ChatRole.User, asked));
            messages.Add(new ChatMessage(ChatRole.Assistant, answered));
        }

        messages.Add(new ChatMessage(ChatRole.User, [new TextContent(prompt), .. images.Select(Shown)]));
        return new LaidQuestion(messages, question.History.Count - kept.Count, leftOut);
    }

    private static AIContent Shown(QuestionImage image) => image.Link is { } link ? new UriContent(link, image.MediaType) : new DataContent(image.Bytes, image.MediaType);

    private static (List<QuestionFile> Files, List<string> LeftOut) LayFiles(ModelQuestion question, long room)
    {
        var files = new List<QuestionFile>();
        var leftOut = new List<string>();
        if (question.Files.Count == 0)
        {
            return (files, leftOut);
        }

        // The paths of all that may have to be left out must fit too.
        var names = question.Files.Take(MostNamed).Sum(file => TokenEstimate.Of(file.Path) + 2L) + 50;
        var thread = question.History.Sum(turn => TokenEstimate.Of(turn.Question) + (long)TokenEstimate.Of(turn.Answer));
        var left = room - names - Math.Min(thread, room / 4);
        foreach (var file in question.Files)
        {
            var tokens = TokenEstimate.Of(file.Shown) + 1;
            if (tokens <= left)
            {
                left -= tokens;
                files.Add(file);
            }
            else
            {
                leftOut.Add(file.Path);
            }
        }

        return (files, leftOut);
    }

    private static string Compose(ModelQuestion question, List<QuestionFile> files, List<string> leftOut)
    {
        var parts = new List<string> { question.Prompt };
        parts.AddRange(files.Select(file => file.Shown));
        if (leftOut.Count > 0)
        {
            var more = leftOut.Count > MostNamed ? $"\n- and {leftOut.Count - MostNamed} more" : "";
            parts.Add($"Not included, for lack of room:\n{string.Join('\n', leftOut.Take(MostNamed).Select(path => "- " + path))}{more}");
        }

        return string.Join("\n\n", parts);
    }

    private static List<(string Question, string Answer)> LayTurns(ModelQuestion question, long room)
    {
        var kept = new List<(string Question, string Answer)>();
        foreach (var turn in question.History.Reverse())
        {
            room -= TokenEstimate.Of(turn.Question) + (long)TokenEstimate.Of(turn.Answer);
            if (room < 0)
            {
                break;
            }

            kept.Add(turn);
        }

        kept.Reverse();
        return kept;
    }
}
