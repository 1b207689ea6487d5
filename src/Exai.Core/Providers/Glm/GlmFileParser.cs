using System.Text.Json;
using Exai.Core.Providers.Failures;
using Exai.Core.Providers.Services;
using Exai.Protocol;

namespace Exai.Core.Providers.Glm;

/// <summary>Reads documents: the file is handed in as a task, and the task asked for its text until it has one.</summary>
internal sealed class GlmFileParser(ProviderApi api)
{
    /// <summary>The free one of the provider's parsers.</summary>
    private const string Tool = "lite";

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>For one document, all waiting included.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public async Task<string> ReadAsync(FileUpload file, CancellationToken cancellationToken)
    {
        var extension = Path.GetExtension(UploadBody.BareName(file.Name)).TrimStart('.').ToUpperInvariant();
        var create = new ApiRequest(HttpMethod.Post, api.Url("files/parser/create"), "the parsing of a file")
        {
            Content = UploadBody.Create(file, ("tool_type", Tool), ("file_type", extension)),
            Limit = Limit,
        };
        var started = api.Time.GetTimestamp();
        var task = await api.JsonAsync(create, cancellationToken);
        if ((task.Text("task_id") ?? task.Object("data").Text("task_id")) is not { Length: > 0 } id)
            throw api.Failures(create).Unreadable("without a task_id", cause: null);

        var ask = new ApiRequest(HttpMethod.Get, api.Url($"files/parser/result/{Uri.EscapeDataString(id)}/text"), create.Operation);
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            if (Text(await api.JsonAsync(ask, cancellationToken), ask) is { } text)
                return text;
            if (api.Time.GetElapsedTime(started) + pause > Limit)
                throw api.Failures(ask).TimedOut(Limit, cause: null);
            await Task.Delay(pause, api.Time, cancellationToken);
        }
    }

    /// <summary>Null while the task is at work.</summary>
    private string? Text(JsonElement result, ApiRequest request)
    {
        var data = result.Text("status") is null ? result.Object("data") : result;
        switch (data.Text("status"))
        {
            case "failed":
                var said = FailureText.Message(data.Text("message"), api.Endpoint);
                throw new ProviderException(
                    new CallError
                    {
                        Code = ErrorCodes.ProviderError,
                        Message = $"{api.Endpoint.Name} could not read the file. Check that it is whole and of a kind that it reads."
                            + (said is null ? "" : $" The provider says: {said}"),
                        Provider = api.Endpoint.Name,
                    },
                    FailureClass.Stop);
            case "succeeded":
                return data.Text("content") ?? throw api.Failures(request).Unreadable("without content", cause: null);
            default:
                return null;
        }
    }
}
