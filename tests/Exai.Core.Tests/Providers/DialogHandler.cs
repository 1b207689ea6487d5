using System.Net;
using System.Text;

namespace Exai.Core.Tests.Providers;

/// <summary>The wire's far end over several requests: keeps each one's route and body, answers the next of the given bodies; the last for ever.</summary>
internal sealed class DialogHandler(params (int Status, string Body)[] answers) : HttpMessageHandler
{
    public List<string> Routes { get; } = [];

    public List<string> Bodies { get; } = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var (status, body) = answers[Math.Min(Routes.Count, answers.Length - 1)];
        Routes.Add($"{request.Method} {request.RequestUri!.AbsolutePath}");
        Bodies.Add(request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken));
        return new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8), RequestMessage = request };
    }
}
